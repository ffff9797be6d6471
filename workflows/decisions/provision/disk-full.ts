/** By the words of the kernel, of InnoDB (1114), of the server (1021, 3) and of CLONE (3873), as seen on 9.7.4. */
const WORDS =
  /no space left on device|error 1114\b|table '.*' is full|disk full|err(no|or): 28\b|available space .* is not enough/i;

/** What a server or a program says is that its disk is full. */
export const isDiskFull = (said: string): boolean => WORDS.test(said);

export const LARGER_DISK = 'Make room on the disk of the recipient, then start provisionReplica again.';
