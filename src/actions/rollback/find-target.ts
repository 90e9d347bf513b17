import { ConfigError } from '../../errors.ts';
import type { EcsService, Images, RegisteredTaskDefinition, Services, TaskDefinitions } from '../../ports.ts';
import { revision } from '../../report/narrate.ts';
import { lastGoodRevision, type PastRelease, previousRevision } from '../../rollout/history.ts';
import { meantWord, type Target } from './inputs.ts';

export interface Sources {
  readonly services: Services;
  readonly taskDefinitions: TaskDefinitions;
  /** Loaded only when tags have to be looked up in the registry. */
  readonly images: () => Promise<Images>;
}

/** How far back deployments and revisions are looked through. */
const HISTORY_LENGTH = 200;
const READ_AT_ONCE = 10;

/**
 * The task definition that `to` means for this service.
 *
 * @throws ConfigError when nothing fits
 */
export async function findTarget(
  to: Target,
  service: EcsService,
  sources: Sources,
): Promise<RegisteredTaskDefinition> {
  const fail = (message: string): never => {
    throw new ConfigError({ input: 'to', message });
  };
  const usable = async (reference: string): Promise<RegisteredTaskDefinition> => {
    const found = await sources.taskDefinitions.find(reference);
    if (!found) return fail(`there is no task definition "${reference}" in this account and region`);
    if (!found.active)
      return fail(`the task definition "${reference}" was deregistered, so ECS runs it no more`);
    return found;
  };
  const family = /task-definition\/([^:]+)/.exec(service.taskDefinition)?.[1] ?? '';
  switch (to.kind) {
    case 'arn':
      return usable(to.arn);
    case 'revision':
      return usable(`${to.family ?? family}:${to.revision}`);
    case 'image-tag': {
      const found = await withImageTag(to.tag, family, service, sources);
      if (found) return found;
      const word = meantWord(to.tag);
      return fail(
        `no revision of ${family} runs an image with the tag "${to.tag}", neither by that tag nor by the digest that the registry has for it${word === undefined ? '' : `; did you mean ${word}?`}`,
      );
    }
    case 'previous':
    case 'last-good': {
      const history = await readHistory(sources.services.history(service));
      const arn =
        to.kind === 'previous'
          ? previousRevision(history, service.taskDefinition)
          : lastGoodRevision(history);
      if (arn !== undefined) return usable(arn);
      return fail(
        `ECS remembers no ${to.kind === 'previous' ? 'other ' : ''}revision that was successfully in service ${service.name} (it keeps deployments for 90 days); name a revision${to.kind === 'previous' ? ` other than ${revision(service.taskDefinition)}, which it runs` : ''} (aws ecs list-task-definitions --family-prefix ${family} --sort DESC tells those there are), or the tag of an image that one has`,
      );
    }
  }
}

/** A service's deployments, newest first, as far back as they are looked through. */
export async function readHistory<Release extends PastRelease>(
  history: AsyncIterable<Release>,
): Promise<readonly Release[]> {
  const all: Release[] = [];
  for await (const release of history) {
    all.push(release);
    if (all.length >= HISTORY_LENGTH) break;
  }
  return all;
}

/** A git tag `v1.2.3` is the tag `1.2.3` of an image that ecr-push has made, `api-v1.2.3` is `api-1.2.3`. */
const spellings = (tag: string): readonly string[] => [
  ...new Set([tag, tag.replace(/(^|[-_.])v(?=\d+\.\d+\.\d+)/, '$1')]),
];

/** Newest first: a revision whose image has the tag, or the digest that the tag has in the registry. */
async function withImageTag(
  tag: string,
  family: string,
  service: EcsService,
  { taskDefinitions, images }: Sources,
): Promise<RegisteredTaskDefinition | undefined> {
  const containers = service.loadBalancers.map(({ containerName }) => containerName);
  const imagesOf = ({ definition }: RegisteredTaskDefinition): string[] =>
    definition.containerDefinitions
      .filter(({ name }) => containers.length === 0 || containers.includes(name))
      .flatMap(({ image }) => (image === undefined ? [] : [image]));
  const current = await taskDefinitions.find(service.taskDefinition);
  const registry = await images();
  const tags = spellings(tag);
  const asked = (current ? imagesOf(current) : []).flatMap((image) =>
    tags.map((each) => registry.digestOf(image, each)),
  );
  const digests = (await Promise.all(asked)).filter((digest) => digest !== undefined);
  const fits = (image: string): boolean =>
    tags.includes(/:([\w][\w.-]*)(@|$)/.exec(image.split('/').at(-1) ?? '')?.[1] ?? '') ||
    digests.some((digest) => image.endsWith(`@${digest}`));

  let batch: string[] = [];
  const search = async (): Promise<RegisteredTaskDefinition | undefined> => {
    const definitions = await Promise.all(batch.map((arn) => taskDefinitions.find(arn)));
    batch = [];
    return definitions.find((definition) => definition?.active && imagesOf(definition).some(fits));
  };
  let seen = 0;
  for await (const { arn } of taskDefinitions.list(family)) {
    batch.push(arn);
    seen++;
    if (batch.length === READ_AT_ONCE) {
      const found = await search();
      if (found) return found;
    }
    if (seen >= HISTORY_LENGTH) break;
  }
  return search();
}
