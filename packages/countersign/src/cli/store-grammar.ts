import type { Command } from 'commander'
import { data, output, type Runs, sub } from './grammar-parts.ts'

/** The part of the grammar that is about where the log is kept: its schema, copies of it, and making its record again. */
export function declareStores(program: Command, log: Command, runs: Runs): void {
  sub(log, 'import', 'make the record from published tiles, which then lead to the signed checkpoint')
    .option('--from <dir>', 'another data folder, or a folder of tiles; the tiles of the data folder when not given')
    .addOption(data())
    .action(runs(async () => (await import('./commands/import-log.ts')).logImport))
  sub(program, 'migrate', 'bring the schema of the record up to this version')
    .option('--check', 'only say whether it is; exit code 1 when not')
    .addOption(data())
    .action(runs(async () => (await import('./commands/migrate.ts')).migrate))
  sub(program, 'backup', 'copy the log to a folder, also while others write it')
    .argument('<target>', 'a folder to make')
    .option('--with-keys', 'the private keys too: whoever has the copy can then sign as this log')
    .addOption(data())
    .action(runs(async () => (await import('./commands/backup.ts')).backup))
  sub(program, 'restore', 'put a backup into an empty data folder, and check all of it')
    .argument('<backup>', 'a folder that countersign backup made')
    .option('--checkpoint <file>', 'the newest checkpoint that anybody else holds: refuse a backup that is behind it')
    .addOption(data())
    .addOption(output(['table', 'jsonl']))
    .action(runs(async () => (await import('./commands/backup.ts')).restore))
}
