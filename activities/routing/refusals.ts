import { RunbookError } from '../errors';

/** It answers, and as it is configured nothing can be routed by it: a retry does not help. */
export const misconfigured = (router: { readonly name: string }, problem: string, hint: string): RunbookError =>
  new RunbookError({ code: 'ROUTER_MISCONFIGURED', message: `router ${router.name}: ${problem}`, hint });

/** What is read back is not what was set. `elsewhere`: where to look for who else drives a router of this kind. */
export const readsOtherwise = (router: { readonly name: string }, differs: string, elsewhere: string): RunbookError =>
  new RunbookError({
    code: 'ROUTER_DISAGREES',
    message: `router ${router.name} was told, and reads back otherwise: ${differs}`,
    hint: elsewhere,
  });
