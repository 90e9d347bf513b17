import { createHash } from 'node:crypto';
import type { Build } from '../../docker/build.ts';

/** A digest of all that decides, besides the commit, what a build makes; values of secrets have no part in it. */
export function buildInputsDigest(build: Build): string {
  const { context, file, target, buildArgs, platforms, labels, provenance, sbom } = build;
  const ids = [build.secrets, build.secretEnvs, build.secretFiles].flatMap((map) => [...map.keys()]);
  const parts = [
    context,
    file,
    target,
    sorted(buildArgs),
    platforms.toSorted(),
    sorted(labels),
    ids.toSorted(),
    provenance,
    sbom,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

const sorted = (map: ReadonlyMap<string, string>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
