/**
 * What Slack refuses in a message, as its documentation states it: required fields, lengths, counts. '' for a sound one.
 * Source: docs.slack.dev, "Block Kit: blocks", "Button element", "Confirmation dialog object", "chat.postMessage".
 */
export function faultsOf(message: { text?: unknown; blocks?: unknown; attachments?: unknown }): string[] {
  const { text, blocks, attachments } = message;
  const tooLong = typeof text === 'string' && text.length > 40_000 ? ['text: msg_too_long'] : [];
  const own = blocks === undefined ? [] : ofBlocks(blocks, 'blocks');
  if (attachments === undefined) return [...tooLong, ...own, ...(text || blocks ? [] : ['no_text'])];
  if (!Array.isArray(attachments)) return ['attachments: must be a list'];
  if (attachments.length > 100) return ['attachments: too_many_attachments'];
  return [
    ...tooLong,
    ...own,
    ...attachments.flatMap((one: Record<string, unknown>, index) => [
      ...(one['color'] === undefined || /^(#[0-9a-fA-F]{6}|good|warning|danger)$/.test(textOf(one['color']))
        ? []
        : [`attachments[${index}].color`]),
      ...(one['blocks'] === undefined ? [] : ofBlocks(one['blocks'], `attachments[${index}].blocks`)),
    ]),
  ];
}

type Thing = Record<string, unknown>;

function ofBlocks(blocks: unknown, at: string): string[] {
  if (!Array.isArray(blocks) || blocks.length === 0) return [`${at}: must be a list of blocks`];
  if (blocks.length > 50) return [`${at}: more than 50`];
  const ids = blocks.map((block: Thing) => block['block_id']).filter((id) => id !== undefined);
  return [
    ...(new Set(ids).size === ids.length ? [] : [`${at}: block_id is not unique`]),
    ...blocks.flatMap((block: Thing, index) => ofBlock(block, `${at}[${index}]`)),
  ];
}

function ofBlock(block: Thing, at: string): string[] {
  switch (block['type']) {
    case 'section':
      return [
        ...(block['text'] || block['fields'] ? [] : [`${at}: text or fields`]),
        ...(block['text'] ? ofText(block['text'], `${at}.text`, 3_000) : []),
        ...only(block, at, ['type', 'block_id', 'text', 'fields', 'accessory', 'expand']),
      ];
    case 'header':
      return ofText(block['text'], `${at}.text`, 150, 'plain_text');
    case 'divider':
      return [];
    case 'context': {
      const elements = block['elements'];
      if (!Array.isArray(elements) || elements.length < 1 || elements.length > 10) return [`${at}.elements: 1 to 10`];
      return elements.flatMap((element, index) => ofText(element, `${at}.elements[${index}]`, 3_000));
    }
    case 'actions': {
      const elements = block['elements'] as Thing[];
      if (!Array.isArray(elements) || elements.length < 1 || elements.length > 25) return [`${at}.elements: 1 to 25`];
      const ids = elements.map((element) => element['action_id']);
      return [
        ...(new Set(ids).size === ids.length ? [] : [`${at}: action_id is not unique`]),
        ...elements.flatMap((element, index) => ofButton(element, `${at}.elements[${index}]`)),
      ];
    }
    default:
      return [`${at}.type: ${textOf(block['type'])}`];
  }
}

function ofButton(button: Thing, at: string): string[] {
  if (button['type'] !== 'button') return [`${at}.type`];
  const confirm = button['confirm'] as Thing | undefined;
  return [
    ...ofText(button['text'], `${at}.text`, 75, 'plain_text'),
    ...(textOf(button['action_id']).length > 255 ? [`${at}.action_id`] : []),
    ...(textOf(button['value']).length > 2_000 ? [`${at}.value`] : []),
    ...([undefined, 'primary', 'danger'].includes(button['style'] as undefined) ? [] : [`${at}.style`]),
    ...only(button, at, ['type', 'text', 'action_id', 'value', 'style', 'url', 'confirm', 'accessibility_label']),
    ...(confirm
      ? [
          ...ofText(confirm['title'], `${at}.confirm.title`, 100, 'plain_text'),
          ...ofText(confirm['text'], `${at}.confirm.text`, 300),
          ...ofText(confirm['confirm'], `${at}.confirm.confirm`, 30, 'plain_text'),
          ...ofText(confirm['deny'], `${at}.confirm.deny`, 30, 'plain_text'),
        ]
      : []),
  ];
}

function ofText(text: unknown, at: string, most: number, type?: string): string[] {
  const { type: given, text: words } = (text ?? {}) as Thing;
  if (given !== 'plain_text' && given !== 'mrkdwn') return [`${at}.type`];
  if (type !== undefined && given !== type) return [`${at}.type: must be ${type}`];
  if (typeof words !== 'string' || words.length < 1) return [`${at}.text: must be more than 0 characters`];
  return words.length > most ? [`${at}.text: must be less than ${most + 1} characters`] : [];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const only = (thing: Thing, at: string, known: readonly string[]): string[] =>
  Object.keys(thing)
    .filter((key) => !known.includes(key))
    .map((key) => `${at}.${key}: unknown`);
