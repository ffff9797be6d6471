import pc from 'picocolors';
import { type Paint } from '../workflows/decisions/topology-tree';

/** Colours on a terminal; none where the output is no terminal or NO_COLOR is set. */
export const paint: Paint = (kind, text) => COLOURS[kind](text);

const COLOURS: Readonly<Record<Parameters<Paint>[0], (text: string) => string>> = {
  good: pc.green,
  bad: pc.red,
  dim: pc.dim,
  strong: pc.bold,
};
