import { isList, isObject, type Json, type TaskDefinition } from '../taskdef/definition.ts';
import { type PlacedReference, readCredentialsReference, readSecretReference } from './secret-reference.ts';

/** Every value that ECS has to read before a task of the definition starts, and where it is asked for. */
export function secretReferences(definition: TaskDefinition): readonly PlacedReference[] {
  return definition.containerDefinitions.flatMap((container) => {
    const { name, secrets, logConfiguration } = container;
    const credentials = container['repositoryCredentials'];
    const parameter = isObject(credentials) ? credentials['credentialsParameter'] : undefined;
    const options = isObject(logConfiguration) ? logConfiguration['secretOptions'] : undefined;
    return [
      ...listed(secrets, (secret) => `${name}: ${secret}`),
      ...listed(options, (option) => `${name}: ${option} of its log`),
      ...(typeof parameter === 'string'
        ? [{ place: `${name}: its registry`, reference: readCredentialsReference(parameter) }]
        : []),
    ];
  });
}

function listed(list: Json | undefined, place: (name: string) => string): readonly PlacedReference[] {
  if (!isList(list)) return [];
  return list.flatMap((each) => {
    if (!isObject(each) || typeof each['valueFrom'] !== 'string') return [];
    return [{ place: place(String(each['name'] ?? '')), reference: readSecretReference(each['valueFrom']) }];
  });
}
