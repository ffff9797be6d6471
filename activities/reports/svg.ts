/** What every drawing of ours looks like: dark, so that it is legible in a page of either colour. */
export const INK = {
  ground: '#0d1117',
  text: '#e6edf3',
  faint: '#8b949e',
  line: '#30363d',
  good: '#7ee787',
  bad: '#ff7b72',
  mark: '#79c0ff',
} as const;

export const FONTS = 'DejaVu Sans Mono, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';

/** A drawing on its ground. `label`: what somebody hears who cannot see it. */
export const drawing = (
  { width, height, fontSize }: { readonly width: number; readonly height: number; readonly fontSize: number },
  label: string,
  parts: readonly string[],
): string => `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(label)}">
<rect width="100%" height="100%" rx="8" fill="${INK.ground}"/>
<g font-family="${FONTS}" font-size="${fontSize}">
${parts.join('\n')}
</g>
</svg>
`;

export const round = (value: number): number => Math.round(value * 10) / 10;

/** For text and attributes. What no XML may hold is left out. */
export const escapeXml = (text: string): string =>
  text
    .replaceAll(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '',
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
