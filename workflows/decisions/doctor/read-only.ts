import { onEach, type Rule, setForGood, settingAtBoot } from './finding';

/** A server must come up closed whatever it was before: the runbook that makes it primary opens it. */
export const readOnlyAtBoot: Rule = onEach((patient) => {
  const value = settingAtBoot(patient, 'super_read_only');
  if (value === 'ON' || value === '1') return [];
  const unknown = value === undefined;
  return [
    {
      // Every server that a runbook ever opened or closed is in this state until the value is persisted.
      severity: unknown ? 'warn' : 'bad',
      what: unknown
        ? `whether super_read_only is on after a restart cannot be told: ${patient.release === '5.7' ? '5.7 does not say' : 'it was last set at run time'}`
        : 'super_read_only is off after a restart',
      why: 'an old primary that returns from a crash takes writes at once, beside the new one',
      fix:
        patient.release === '5.7'
          ? ['-- in the [mysqld] part of my.cnf: super_read_only = ON']
          : ['-- not for the running server, only for its next start', 'SET PERSIST_ONLY super_read_only = ON;'],
      manual: 'Server System Variables (super_read_only); Persisted System Variables',
    },
  ];
});

export const writableReplica: Rule = onEach((patient, { primary }) => {
  if (patient.name === primary || patient.superReadOnly || primary === null) return [];
  return [
    {
      severity: 'bad',
      what: patient.readOnly ? 'a replica with super_read_only off' : 'a replica that takes writes: read_only is off',
      why: 'one write by mistake makes an errant transaction, and then this replica may not be promoted and must be rebuilt',
      fix: setForGood(patient, 'super_read_only', 'ON'),
      manual: 'Server System Variables (super_read_only)',
    },
  ];
});
