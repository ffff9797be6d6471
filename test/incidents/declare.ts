import { readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { type Lab } from '../../lab';

/** A cluster as it stands in an inventory. */
export interface Written {
  instances: Record<string, unknown>[];
  routers?: Record<string, unknown>[];
}

/** Edits the lab's inventory as a person would. A worker reads the changed file at its next look. */
export function declare(lab: Lab, change: (cluster: Written) => void): void {
  const fleet = parse(readFileSync(lab.inventoryPath, 'utf8')) as { clusters: Record<string, Written> };
  change(fleet.clusters[lab.cluster]!);
  writeFileSync(lab.inventoryPath, stringify(fleet));
}
