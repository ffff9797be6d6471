import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stacks of failures become a payload, which the codec then encrypts. Only with encryption: without it nobody could read them. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
