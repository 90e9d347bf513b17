import { createHash } from 'node:crypto';
import type {
  AddTagsToResourceCommandInput,
  DeleteParameterCommandInput,
  GetParameterCommandInput,
  GetParameterCommandOutput,
  GetParameterHistoryCommandInput,
  GetParameterHistoryCommandOutput,
  GetParametersByPathCommandInput,
  GetParametersByPathCommandOutput,
  GetParametersCommandInput,
  GetParametersCommandOutput,
  LabelParameterVersionCommandInput,
  LabelParameterVersionCommandOutput,
  ListTagsForResourceCommandInput,
  ListTagsForResourceCommandOutput,
  Parameter,
  PutParameterCommandInput,
  PutParameterCommandOutput,
} from '@aws-sdk/client-ssm';
import type { Answer } from '../answer.ts';
import { AwsError, type Call, type Operations } from '../operation.ts';
import { accessDenied, callerArn } from '../refusals.ts';
import { page } from '../world/pages.ts';
import type { TagStore } from '../world/tags.ts';
import { badResource, badToken, breaks, invalid, notFound } from './errors.ts';
import type { ParameterStore, Version } from './state.ts';

const HISTORY_PAGE = 50;
const PATH_PAGE = 10;
const MOST_NAMES = 10;

/** Parameter Store: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and others */
export function parameterOperations(
  store: ParameterStore,
  tags: TagStore,
  unreadable: ReadonlySet<string> = new Set(),
): Operations {
  const requireReadable = (operation: string, name: string, call: Call): void => {
    if (unreadable.has(name)) throw accessDenied('SSM', operation, store.arn(name), call);
  };
  const view = (
    name: string,
    version: Version,
    { selector = '', decrypted = false }: { selector?: string; decrypted?: boolean | undefined } = {},
  ): Parameter => ({
    Name: name,
    Type: version.type,
    Value: version.type === 'SecureString' && !decrypted ? encrypted(version.value) : version.value,
    Version: version.version,
    ...(selector !== '' && { Selector: selector }),
    LastModifiedDate: new Date(version.at),
    ARN: store.arn(name),
    DataType: 'text',
  });
  const taggable = (kind: string | undefined, name = ''): string => {
    if (kind !== 'Parameter') throw new AwsError('InvalidResourceType', `${kind} is not simulated`);
    if (!store.exists(name)) throw badResource();
    return store.arn(name);
  };

  return {
    async PutParameter(
      input: PutParameterCommandInput,
      call: Call,
    ): Promise<Answer<PutParameterCommandOutput>> {
      const { Name = '', Value = '', Type, Tier, Overwrite = false, Description, Tags = [] } = input;
      if (Overwrite && Tags.length > 0) {
        throw invalid(
          "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        );
      }
      if (Type === 'SecureString') throw invalid('Parameters of type SecureString are not simulated');
      const { version, tier } = await store.update(Name, {
        value: Value,
        overwrite: Overwrite,
        by: callerArn(call),
        ...(Type && { type: Type }),
        ...(Tier && { tier: Tier }),
        ...(Description !== undefined && { description: Description }),
      });
      if (Tags.length > 0)
        tags.add(
          store.arn(Name),
          Tags.map(({ Key = '', Value: text = '' }) => [Key, text]),
        );
      return { Version: version, Tier: tier };
    },

    GetParameter(
      { Name = '', WithDecryption: decrypted }: GetParameterCommandInput,
      call: Call,
    ): Answer<GetParameterCommandOutput> {
      const { name, version, selector } = store.find(Name);
      requireReadable('GetParameter', name, call);
      return { Parameter: view(name, version, { selector, decrypted }) };
    },

    GetParameters(
      { Names = [], WithDecryption: decrypted }: GetParametersCommandInput,
      call: Call,
    ): Answer<GetParametersCommandOutput> {
      if (Names.length > MOST_NAMES) {
        throw breaks(
          'names',
          `[${Names.join(', ')}]`,
          `Member must have length less than or equal to ${MOST_NAMES}`,
        );
      }
      const Parameters: Parameter[] = [];
      const InvalidParameters: string[] = [];
      for (const reference of new Set(Names)) {
        try {
          const { name, version, selector } = store.find(reference);
          // One that may not be read makes AWS refuse them all.
          requireReadable('GetParameters', name, call);
          Parameters.push(view(name, version, { selector, decrypted }));
        } catch (error) {
          if (!(error instanceof AwsError) || error.name === 'AccessDeniedException') throw error;
          InvalidParameters.push(reference);
        }
      }
      return { Parameters, InvalidParameters };
    },

    GetParameterHistory(input: GetParameterHistoryCommandInput): Answer<GetParameterHistoryCommandOutput> {
      const { Name = '', NextToken } = input;
      const history = store.read(Name);
      if (!history) throw notFound();
      const { items, next } = page(history, NextToken, pageSize(input.MaxResults, HISTORY_PAGE), badToken);
      const Parameters = items.map(({ version, value, type, tier, at, by, description, labels }) => ({
        Name,
        Type: type,
        LastModifiedDate: new Date(at),
        LastModifiedUser: by,
        ...(description !== undefined && { Description: description }),
        Value: value,
        Version: version,
        Labels: [...labels],
        Tier: tier,
        Policies: [],
        DataType: 'text',
      }));
      return next === undefined ? { Parameters } : { Parameters, NextToken: next };
    },

    GetParametersByPath(input: GetParametersByPathCommandInput): Answer<GetParametersByPathCommandOutput> {
      const { Path = '', Recursive = false, ParameterFilters = [] } = input;
      if (!Path.startsWith('/')) {
        throw invalid('The parameter path must begin with a forward slash (/).');
      }
      if (ParameterFilters.length > 0) throw invalid('Filters of parameters are not simulated');
      const below = Path.endsWith('/') ? Path : `${Path}/`;
      const found = store.all().flatMap(([name, history]) => {
        const last = history.at(-1);
        const fits = name.startsWith(below) && (Recursive || !name.slice(below.length).includes('/'));
        return fits && last ? [view(name, last)] : [];
      });
      const size = pageSize(input.MaxResults, PATH_PAGE);
      const { items, next } = page(found, input.NextToken, size, badToken);
      return next === undefined ? { Parameters: items } : { Parameters: items, NextToken: next };
    },

    DeleteParameter({ Name = '' }: DeleteParameterCommandInput): object {
      store.delete(Name);
      tags.forget(store.arn(Name));
      return {};
    },

    LabelParameterVersion(
      input: LabelParameterVersionCommandInput,
    ): Answer<LabelParameterVersionCommandOutput> {
      const { Name = '', ParameterVersion, Labels = [] } = input;
      return { InvalidLabels: [], ParameterVersion: store.label(Name, ParameterVersion, Labels) };
    },

    AddTagsToResource(input: AddTagsToResourceCommandInput): object {
      const { ResourceType, ResourceId, Tags = [] } = input;
      tags.add(
        taggable(ResourceType, ResourceId),
        Tags.map(({ Key = '', Value = '' }) => [Key, Value]),
      );
      return {};
    },

    ListTagsForResource(input: ListTagsForResourceCommandInput): Answer<ListTagsForResourceCommandOutput> {
      const found = tags.read(taggable(input.ResourceType, input.ResourceId));
      return { TagList: found.map(([Key, Value]) => ({ Key, Value })) };
    },
  };
}

/** What who does not ask for decryption gets. */
const encrypted = (value: string): string =>
  Buffer.from(createHash('sha256').update(value).digest()).toString('base64');

/** Refuses a size of pages that AWS does not know. */
function pageSize(wanted: number | undefined, most: number): number {
  if (wanted === undefined) return most;
  if (wanted < 1) throw breaks('maxResults', wanted, 'Member must have value greater than or equal to 1');
  if (wanted > most) {
    throw breaks('maxResults', wanted, `Member must have value less than or equal to ${most}`);
  }
  return wanted;
}
