import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { READ_BACKEND, WRITE_BACKEND } from './haproxy';
import { type LabOptions, type LabState } from './options';

/** Writes the inventory that describes this lab, as a person would write one for a fleet. Secrets stay in their files. */
export function writeInventory(state: LabState, options: LabOptions, reports: string): void {
  const account = (name: 'admin' | 'replication' | 'backup') => ({
    user: state.accounts[name].user,
    password: { file: state.accounts[name].passwordFile },
  });
  const instances = state.servers.map(({ name, host, port, adminPort }) => ({
    name,
    host,
    port,
    // A relay stands in front of the port only: with links, the admin port would be a way around a cut one.
    ...(options.links ? {} : { adminPort }),
    datacentre: options.datacentres?.[name] ?? 'a',
    ...(options.promotion?.[name] ? { promotion: options.promotion[name] } : {}),
    ...(options.delayed?.[name] ? { delaySeconds: options.delayed[name] } : {}),
  }));
  const routers = state.router && [
    {
      kind: 'haproxy',
      name: state.router.name,
      socket: `unix:${state.router.socket}`,
      writeBackend: WRITE_BACKEND,
      readBackend: READ_BACKEND,
      writeAddress: `${state.router.host}:${state.router.writePort}`,
    },
  ];
  const inventory = {
    ...options.settings,
    reports,
    clusters: {
      [state.cluster]: {
        durability: state.durability,
        instances,
        accounts: { admin: account('admin'), replication: account('replication'), backup: account('backup') },
        tls: { mode: 'verify', ca: state.tls.ca },
        schema: 'runbooks',
        ...(routers ? { routers } : {}),
        failover: { mode: 'automatic', holdDownSeconds: 0, approvalMinutes: 10, ...options.failover },
      },
    },
    ...(state.temporal
      ? {
          temporal: {
            address: state.temporal.address,
            ...(state.temporal.uiAddress ? { webUi: state.temporal.uiAddress } : {}),
          },
        }
      : {}),
  };
  writeFileSync(
    state.inventoryPath,
    `# Written by the lab ${state.name}. Mode 0600 files hold the secrets.\n${stringify(inventory)}`,
  );
}
