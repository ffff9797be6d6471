import { type Cluster } from '../cluster';
import { accounts, clients, removedPrivileges, unread } from './accounts';
import { type Precheck } from './answer';
import { CHECKS } from './checks';
import {
  blobDefault,
  enumLength,
  floatAutoIncrement,
  generatedColumns,
  numericAttributes,
  oldTemporal,
  spatialIndexes,
  zeroDates,
} from './columns';
import { type SchemaFacts, type ServerSettings } from './facts';
import { firstStep, type Rule, type Severity, type UpgradeFinding } from './finding';
import { dollarNames, longNames, oldNames, reservedNames, systemTableNames, upperCaseNames } from './identifiers';
import { type OfficialAnswer, officialFindings } from './official';
import { type UpgradePath } from './releases';
import { programs } from './programs';
import { plugins, replicationLogins, replicationSettings } from './replication';
import {
  changedDefaults,
  optionFiles,
  refusedValues,
  removedVariables,
  renamedVariables,
  shutdown,
  sqlMode,
} from './settings';
import { statements } from './statements';
import { backupTools, forcedStep, releaseMix, routerVersions } from './surroundings';
import {
  foreignKeys,
  largeIndexes,
  leftovers,
  orphanPrograms,
  partitionBounds,
  partitionEngines,
  partitionPrefixKeys,
  partitionTablespaces,
  tableChecks,
  tablespacePaths,
  utf8mb3,
} from './tables';

export { type Precheck } from './answer';
export { type UpgradeFinding } from './finding';
export { type UpgradePath, upgradePath } from './releases';
export { renderPrecheck } from './render';

const RULES: readonly Rule[] = [
  unread,
  forcedStep,
  releaseMix,
  removedVariables,
  refusedValues,
  sqlMode,
  plugins,
  shutdown,
  accounts,
  clients,
  removedPrivileges,
  programs,
  statements,
  reservedNames,
  oldNames,
  systemTableNames,
  upperCaseNames,
  longNames,
  dollarNames,
  floatAutoIncrement,
  enumLength,
  oldTemporal,
  blobDefault,
  generatedColumns,
  partitionEngines,
  partitionTablespaces,
  partitionBounds,
  partitionPrefixKeys,
  largeIndexes,
  foreignKeys,
  leftovers,
  orphanPrograms,
  tablespacePaths,
  tableChecks,
  zeroDates,
  utf8mb3,
  spatialIndexes,
  numericAttributes,
  replicationSettings,
  replicationLogins,
  renamedVariables,
  changedDefaults,
  optionFiles,
  backupTools,
  routerVersions,
];

const ORDER: readonly Severity[] = ['error', 'warning', 'notice'];

/** All that stands between a cluster and the end of its path. Pure: the same facts give the same answer, in the same order. */
export function judgeUpgrade(
  cluster: Cluster,
  path: UpgradePath,
  servers: readonly ServerSettings[],
  schema: SchemaFacts,
  official: OfficialAnswer,
): Precheck {
  const upgrade = { cluster, path, servers, schema };
  const own = RULES.flatMap((rule) => rule(upgrade)).map((found): UpgradeFinding => ({
    ...found,
    instance: found.instance ?? cluster.name,
    manual: CHECKS[found.check].manual,
  }));
  const findings = [...own, ...officialFindings(official, firstStep(upgrade))].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity),
  );
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return {
    cluster: cluster.name,
    path,
    servers: servers.map(({ name, version }) => ({ name, version })),
    readOn: schema.readOn,
    deep: schema.deep,
    findings,
    errors: count('error'),
    warnings: count('warning'),
    notices: count('notice'),
    officialSkipped: official.asked ? null : official.because,
  };
}
