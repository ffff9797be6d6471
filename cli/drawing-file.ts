import { writeFile } from 'node:fs/promises';
import { type Context } from './context';
import { invalidInput } from './exit';

/** Throws INVALID_INPUT where the file cannot be written. */
export async function writeDrawing(context: Context, file: string, svg: string): Promise<void> {
  await writeFile(file, svg).catch((cause: unknown) => {
    throw invalidInput(
      `${file} cannot be written: ${cause instanceof Error ? cause.message : ''}`,
      'Name a file in a folder that is there.',
    );
  });
  context.note(`${file}: drawn`);
}
