/** What XtraBackup writes beside a copy. null = it is not that file. Source: Percona XtraBackup manual, "Index of files created by XtraBackup". */
export interface CopyFacts {
  readonly version: string;
  /** GTID set, text. */
  readonly gtids: string;
  /** Places of the redo log, decimal: what was changed between them is in the copy. From 0 = a full one. */
  readonly lsn: { readonly from: string; readonly to: string };
}

/** `info`: the text of xtrabackup_info. */
export function readCopyFacts(info: string): CopyFacts | null {
  const value = (name: string): string | undefined => new RegExp(`^${name} = (.*)$`, 'm').exec(info)?.[1]?.trim();
  const [version, from, to] = [value('tool_version'), value('innodb_from_lsn'), value('innodb_to_lsn')];
  // A set of several servers is printed over several lines.
  const gtids = /GTID of the last change '([^']*)'/.exec(info.replaceAll('\n', ''))?.[1];
  if (version === undefined || gtids === undefined || !/^\d+$/.test(from ?? '') || !/^\d+$/.test(to ?? '')) return null;
  return { version, gtids: gtids.replaceAll(' ', ''), lsn: { from: from ?? '', to: to ?? '' } };
}
