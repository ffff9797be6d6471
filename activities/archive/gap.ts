import { count, type GtidSet, print } from '../../workflows/decisions/gtid-set';
import { RunbookError } from '../errors';

export const archiveGap = (missing: GtidSet): RunbookError =>
  new RunbookError({
    code: 'ARCHIVE_GAP',
    message: `the archive lacks ${print(missing).replaceAll('\n', '')} (${count(missing)} transactions), which lie before the target`,
    hint: 'Choose a target before them, or a base that holds them: a backup that was taken later.',
  });
