/** The names of formats, apart from what makes them, so that reading a command line loads none of it. */

/** The formats of other programs' reports; the same for whatever was judged. */
export const REPORT_FORMATS = ['sarif', 'junit', 'github'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

/** What `check` can print; the first where none is asked for. */
export const CHANGE_FORMATS = ['table', 'json', 'jsonl', 'yaml', 'markdown', ...REPORT_FORMATS] as const
export type ChangeFormat = (typeof CHANGE_FORMATS)[number]

/** What `verify` can print; the first where none is asked for. */
export const OBJECT_FORMATS = ['table', 'jsonl', 'yaml', ...REPORT_FORMATS] as const
export type ObjectFormatName = (typeof OBJECT_FORMATS)[number]
