import { isObject, type TaskDefinition } from '../taskdef/definition.ts';
import { type Finding, fail, isUnseen, pass, type Seen, skip, unseen, warn } from './finding.ts';

/** A platform as manifests name it. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

/** An image of a task definition, as its registry has it. */
export interface ImageFacts {
  readonly container: string;
  readonly image: string;
  readonly repository: string;
  /** Undefined where the image has no tag in the reference. */
  readonly tag: string | undefined;
  /** Whether the reference names the digest. */
  readonly pinned: boolean;
  /** Undefined where there is no such image. */
  readonly found: Seen<
    | {
        readonly digest: string;
        /** Whether the tag can never be another image. */
        readonly fixed: boolean;
      }
    | undefined
  >;
}

/** One that is in no registry of ECR. */
export interface OtherImage {
  readonly container: string;
  readonly image: string;
}

export function checkImages(
  images: readonly ImageFacts[],
  others: readonly OtherImage[],
): readonly Finding[] {
  const check = 'image';
  const told = images.map(({ container, image, repository, tag, pinned, found }) => {
    if (isUnseen(found)) return unseen(check, `the image of ${container} (${image})`, found);
    if (!found) {
      return fail(
        check,
        `the image of ${container} is not there: ${image}`,
        `Push it first, or mend its ${pinned ? 'digest' : 'tag'}; lifecycle rules of ${repository} may have deleted it. Where this run builds it only later, checks takes "image: warn" (preflight-checks of the pipelines).`,
      );
    }
    if (pinned) return pass(check, `${container}: ${repository}@${found.digest} is there`);
    if (found.fixed) return pass(check, `${container}: ${repository}:${tag ?? 'latest'} is ${found.digest}`);
    return warn(
      check,
      `${container}: ${repository}:${tag ?? 'latest'} is ${found.digest} now, and may be another image when a task starts`,
      'Name the image by its digest (the outputs image and reference of ecr-push do), or make the tags of the repository immutable.',
    );
  });
  return [
    ...told,
    ...others.map(({ container, image }) =>
      skip(check, `${container}: ${image} is not in ECR, and was not looked at`),
    ),
  ];
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html */
const ARCHITECTURES: Readonly<Record<string, string>> = { X86_64: 'amd64', ARM64: 'arm64' };

/** The platform that the tasks of a definition run on; X86_64 and Linux where it says nothing. */
export function platformOf(definition: TaskDefinition): Platform {
  const platform = definition['runtimePlatform'];
  const field = (name: string) => (isObject(platform) ? platform[name] : undefined);
  const system = field('operatingSystemFamily');
  return {
    os: typeof system === 'string' && system.startsWith('WINDOWS') ? 'windows' : 'linux',
    architecture: ARCHITECTURES[String(field('cpuArchitecture') ?? 'X86_64')] ?? 'amd64',
  };
}

/** @param images with the platforms that they are made for; undefined where a manifest does not say */
export function checkArchitecture(
  images: readonly {
    readonly container: string;
    readonly platforms: Seen<readonly Platform[] | undefined>;
  }[],
  wanted: Platform,
): readonly Finding[] {
  const check = 'architecture';
  const text = (platform: Platform) => `${platform.os}/${platform.architecture}`;
  const findings = images.flatMap(({ container, platforms }): Finding[] => {
    if (isUnseen(platforms)) return [unseen(check, `the platform of the image of ${container}`, platforms)];
    if (!platforms) return [skip(check, `the image of ${container} does not say what it is made for`)];
    const fits = platforms.some(
      ({ os, architecture }) => os === wanted.os && architecture === wanted.architecture,
    );
    const made = platforms.map(text).join(', ');
    if (fits) return [pass(check, `${container}: made for ${made}`)];
    const other = Object.entries(ARCHITECTURES).find(([, name]) =>
      platforms.some(({ architecture }) => architecture === name),
    )?.[0];
    return [
      fail(
        check,
        `the image of ${container} is made for ${made}, and its tasks run on ${text(wanted)}`,
        `Build it for ${text(wanted)} (platforms of ecr-push)${other === undefined ? '' : `, or set runtimePlatform.cpuArchitecture to ${other}`}.`,
      ),
    ];
  });
  return findings.length > 0 ? findings : [skip(check, 'no image of ECR could be looked at')];
}
