import { DefaultFailureConverter } from '@temporalio/common';

/** Workflow code cannot know the inventory, and one bundle serves all: the worker writes its answer over this text. See bundle.ts. */
const ENCODES: string = 'failures in payloads: no ';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: ENCODES.endsWith('yes') });
