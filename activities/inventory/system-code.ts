/** `ENOENT`, `EACCES` … of an error from the operating system. */
export const systemCode = (cause: unknown): string =>
  typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : 'unknown error';
