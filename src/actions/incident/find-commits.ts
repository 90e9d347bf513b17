import type { GithubAccess } from '../../github/api.ts';
import { commitsBetween } from '../../github/commits.ts';
import { openDeployments } from '../../github/deployments.ts';
import type { Repository } from '../../github/issues.ts';
import { pullRequestOf } from '../../github/pull-request.ts';
import { parseReference } from '../../images/reference.ts';
import { commitIn } from '../../incidents/commit-tags.ts';
import type { Sides } from '../../incidents/from-ecs.ts';
import type { Commits, Subject } from '../../incidents/incident.ts';
import type { RegisteredTaskDefinition } from '../../ports.ts';
import type { Inputs } from './inputs.ts';

const MOST_COMMITS = 20;

interface Question {
  readonly inputs: Inputs;
  readonly repository: Repository;
  readonly subject: Subject;
  readonly sides: Sides;
  /** Of the sides, as far as they are known. */
  readonly definitions: readonly RegisteredTaskDefinition[];
  readonly access: GithubAccess;
  readonly gap: (what: string, error: unknown) => void;
}

/** What has come since the last good release; undefined where nobody knows which commit that was. */
export async function findCommits(question: Question): Promise<Commits | undefined> {
  const { inputs, repository, access, gap } = question;
  try {
    const { failed, good } = await commitsOf(question);
    const head = failed ?? (await pullRequestOf(access.env))?.head ?? access.env['GITHUB_SHA'];
    const base =
      inputs.commitsSince === undefined ? good : { commit: inputs.commitsSince, from: 'commits-since' };
    if (!head || !base) {
      gap(
        'The commits since the last good release are not known',
        new Error(
          'no GitHub Deployment and no tag of its image names the commit of that release; the input commits-since may',
        ),
      );
      return undefined;
    }
    const found = await commitsBetween(
      repository,
      { base: base.commit, head, from: base.from },
      MOST_COMMITS,
      access,
    );
    if (!found) {
      gap(
        'The commits since the last good release are not known',
        new Error(`GitHub knows no ${base.commit} (by ${base.from}) or no ${head} in this repository`),
      );
    }
    return found;
  } catch (error) {
    if (access.signal.aborted) throw error;
    gap('The commits since the last good release could not be looked at', error);
    return undefined;
  }
}

interface Base {
  readonly commit: string;
  /** How it is known. */
  readonly from: string;
}

/** The commits of both sides: GitHub's deployments know them, or the tags of the good one's image. */
async function commitsOf(
  question: Question,
): Promise<{ readonly failed: string | undefined; readonly good: Base | undefined }> {
  const { inputs, repository, subject, sides, access } = question;
  const { environment } = inputs;
  let failed: string | undefined;
  if (environment !== undefined) {
    const place = { ...repository, environment, environmentUrl: undefined, logUrl: undefined, sha: '' };
    const github = openDeployments(place, subject, access);
    const all = (await Promise.all([github.list('deploy'), github.list('rollback')]).catch(ignored(question)))
      .flat()
      .toSorted((a, b) => b.id - a.id);
    const of = (what: string | undefined) =>
      what === undefined ? undefined : all.find(({ payload }) => payload?.taskDefinition === what)?.sha;
    failed = of(sides.failed);
    const good = of(sides.good);
    if (good !== undefined)
      return { failed, good: { commit: good, from: `the deployments of ${environment}` } };
  }
  return { failed, good: inputs.commitsSince === undefined ? await byImage(question) : undefined };
}

/** A token that may not read deployments is no reason to do without the commits. */
const ignored =
  ({ access, gap }: Question) =>
  (error: unknown): readonly [] => {
    if (access.signal.aborted) throw error;
    gap("GitHub's deployments could not be looked at (deployments: read)", error);
    return [];
  };

async function byImage({ sides, definitions, access, gap }: Question): Promise<Base | undefined> {
  const good = definitions.find(({ arn }) => arn.endsWith(`/${sides.good}`));
  const images = good?.definition.containerDefinitions.flatMap(({ image }) => image ?? []) ?? [];
  for (const image of images) {
    const tag = parseReference(image)?.tag;
    const commit = commitIn(tag === undefined ? [] : [tag]);
    if (commit !== undefined) return { commit, from: 'the tag of its image' };
  }
  const { imageTags } = await import('../../aws/image-tags.ts');
  const { tagsOf } = imageTags(access);
  for (const image of images) {
    const tags = await tagsOf(image).catch((error: unknown) => {
      gap('The tags of the image could not be looked at', error);
      return [];
    });
    const commit = commitIn(tags);
    if (commit !== undefined) return { commit, from: 'the tags of its image in ECR' };
  }
  return undefined;
}
