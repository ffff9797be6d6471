/** By the words of the kernel, of InnoDB (1114, 3019) and of the server (1021, 3, 28). */
const WORDS = /no space left on device|error 1114\b|table '.*' is full|disk full|errno: 28\b|error: 28\b/i;

/** What a server or a program says is that its disk is full. */
export const isDiskFull = (said: string): boolean => WORDS.test(said);

export const LARGER_DISK = 'Make room on the disk of the recipient, then start provisionReplica again.';
