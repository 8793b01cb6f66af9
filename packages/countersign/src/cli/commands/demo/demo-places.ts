/** Where the demo works, and how its commands spell that. */
export interface DemoPlaces {
  readonly folder: string
  readonly data: string
  /** The data folder as commands name it: below `$DEMO` unless the user chose another. */
  readonly dataArgument: string
}
