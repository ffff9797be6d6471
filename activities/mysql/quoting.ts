/** One identifier (schema, table, channel, account part) as SQL. Source: MySQL manual, "Schema Object Names". */
export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
