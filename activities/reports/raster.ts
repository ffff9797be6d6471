import { dirname, join } from 'node:path';

const WIDTH = 1_080;

/** A drawing of ours as PNG, 1080 pixels wide. Drawn beside the event loop; fonts come with the product, whatever the host has. */
export async function pngOf(svg: string): Promise<Buffer> {
  // Loaded when first needed: where no binary fits the host, pictures are missing and nothing else.
  const { renderAsync } = await import('@resvg/resvg-js');
  const fonts = join(dirname(require.resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  const image = await renderAsync(svg, {
    fitTo: { mode: 'width', value: WIDTH },
    font: {
      loadSystemFonts: false,
      fontFiles: ['DejaVuSansMono.ttf', 'DejaVuSansMono-Bold.ttf'].map((file) => join(fonts, file)),
      defaultFontFamily: 'DejaVu Sans Mono',
    },
  });
  return image.asPng();
}
