/** Slack's own limits. Source: docs.slack.dev, "Block Kit", "chat.postMessage", "Confirmation dialog object". */
export const LIMITS = {
  section: 3_000,
  blocks: 50,
  text: 4_000,
  button: 75,
  value: 2_000,
  confirmText: 300,
} as const;

/** The three characters that Slack reads as its own. */
export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Never longer than `most`, and never cut inside an escaped character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text
    .slice(0, most - 1)
    .replace(/&[a-z]{0,3}$/, '')
    .replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** As many whole lines as fit, and how many did not. */
export function fitLines(lines: readonly string[], most: number): string {
  const kept: string[] = [];
  let length = 0;
  for (const [index, line] of lines.entries()) {
    const short = cut(line, 600);
    const left = lines.length - index;
    if (length + short.length + 1 > most - 20) return [...kept, `… and ${left} more`].join('\n');
    kept.push(short);
    length += short.length + 1;
  }
  return kept.join('\n');
}
