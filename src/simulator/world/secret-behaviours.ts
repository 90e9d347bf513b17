import type { Secret } from '@aws-sdk/client-ecs';
import type { ScenarioSecretBehaviours } from '../scenario/scenario.ts';
import type { Secrets } from '../secrets-manager/secrets.ts';
import type { Behaviour } from '../traffic/behaviour.ts';

/**
 * What a task does by the values that its secrets have when it is made. Where they say nothing, it is the very behaviour
 * that it has otherwise: traffic is reckoned once for all tasks of one behaviour.
 *
 * @param said by a secret's name and its whole value
 */
export const behaviourBySecrets =
  (secrets: Secrets, said: ScenarioSecretBehaviours) =>
  (behaviour: Behaviour, references: readonly Secret[]): Behaviour => {
    if (Object.keys(said).length === 0) return behaviour;
    const behaviours = references.map(({ valueFrom = '' }) => {
      const [, , service, region = ''] = valueFrom.split(':');
      if (service !== 'secretsmanager') return {};
      const secret = secrets.truly(valueFrom.split(':').slice(0, 7).join(':'), region);
      return said[secret.name]?.[secrets.value(secret, {}).text ?? ''] ?? {};
    });
    return behaviours.length === 0 ? behaviour : Object.assign({}, behaviour, ...behaviours);
  };
