import type { Secret } from '@aws-sdk/client-ecs';
import type { ScenarioSecretBehaviours } from '../scenario/scenario.ts';
import type { Secrets } from '../secrets-manager/secrets.ts';
import type { Behaviour } from '../traffic/behaviour.ts';

/**
 * What a task does by the values that its secrets have when it is made.
 *
 * @param said by a secret's name and its whole value
 */
export const behaviourBySecrets =
  (secrets: Secrets, said: ScenarioSecretBehaviours) =>
  (references: readonly Secret[]): Partial<Behaviour> => {
    const behaviours = references.map(({ valueFrom = '' }) => {
      const [, , service, region = ''] = valueFrom.split(':');
      if (service !== 'secretsmanager' || Object.keys(said).length === 0) return {};
      const secret = secrets.truly(valueFrom.split(':').slice(0, 7).join(':'), region);
      return said[secret.name]?.[secrets.value(secret, {}).text ?? ''] ?? {};
    });
    return Object.assign({}, ...behaviours);
  };
