import { type Release } from '../../workflows/decisions/facts';

export type ReleaseVerdict =
  | { readonly supported: true; readonly release: Release; readonly oldWords: boolean }
  | { readonly supported: false; readonly because: string };

/**
 * Which supported series a server's VERSION() belongs to. An innovation release counts as the series below it: it speaks at
 * least that series' language. `oldWords`: SHOW SLAVE STATUS and the like, gone in 8.4, replaced since 8.0.22.
 */
export function judgeRelease(version: string): ReleaseVerdict {
  if (/mariadb/i.test(version)) {
    return refuse(
      `${version} is MariaDB, whose GTIDs and replication differ from MySQL's in every statement that matters here`,
    );
  }
  const [, major, minor, patch] = (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major === undefined || minor === undefined || patch === undefined)
    return refuse(`"${version}" is no version that we can read`);

  const at = major * 100 + minor;
  const oldWords = at < 800 || (at === 800 && patch < 22);
  if (at < 507) return refuse(`MySQL ${version} is older than 5.7`);
  if (at < 800) return { supported: true, release: '5.7', oldWords };
  if (at < 804) return { supported: true, release: '8.0', oldWords };
  if (at < 907) return { supported: true, release: '8.4', oldWords };
  if (at < 1000) return { supported: true, release: '9.7', oldWords };
  return refuse(`MySQL ${version} is newer than any release this product was tried with`);
}

const refuse = (because: string): ReleaseVerdict => ({ supported: false, because });
