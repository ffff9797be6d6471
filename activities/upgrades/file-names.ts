/** An identifier out of the name of its file: `a@002db` is `a-b`. Source: MySQL manual, "Mapping of Identifiers to File Names". */
export const nameOfFile = (file: string): string =>
  file
    .replace(/@@@$/, '')
    .replace(/@([0-9a-f]{4})/gi, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
