import type {
  CreateRuleCommandInput,
  CreateRuleCommandOutput,
  DeleteRuleCommandInput,
  DescribeRulesCommandInput,
  DescribeRulesCommandOutput,
  ModifyRuleCommandInput,
  Rule,
  SetRulePrioritiesCommandInput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Answer } from '../answer.ts';
import { AwsError, type Operations } from '../operation.ts';
import { hexId } from '../world/ids.ts';
import { page } from '../world/pages.ts';
import { normalizeActions } from './actions.ts';
import { normalizeConditions } from './conditions.ts';
import { badMarker, listenerNotFound, requireArn, ruleNotFound, validationError } from './errors.ts';
import type { ListenerRecord, RuleRecord } from './model.ts';
import type { LoadBalancing } from './state.ts';

const RULES_A_PAGE = 100;
const MAX_PRIORITY = 50_000;

/** A rule as DescribeRules shows it. */
export const describeRule = (rule: RuleRecord): Rule => ({
  RuleArn: rule.arn,
  Priority: String(rule.priority),
  Conditions: structuredClone(rule.conditions),
  Actions: structuredClone(rule.actions),
  IsDefault: rule.priority === 'default',
  Transforms: structuredClone(rule.transforms),
});

const rank = (rule: RuleRecord): number =>
  rule.priority === 'default' ? Number.POSITIVE_INFINITY : rule.priority;

export const sortRules = (listener: ListenerRecord): void => {
  listener.rules.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
};

/**
 * Adds a rule to a listener; the caller has checked it.
 *
 * @param known whether the load balancer's nodes act by it from the beginning, as by a listener's default rule
 */
export function addRule(
  state: LoadBalancing,
  listener: ListenerRecord,
  rule: Omit<RuleRecord, 'arn' | 'served' | 'servedFrom'>,
  known = rule.priority === 'default',
): RuleRecord {
  const arn = `${listener.arn.replace(':listener/', ':listener-rule/')}/${hexId(state.kernel.random, 16)}`;
  const record: RuleRecord = { ...rule, arn, served: undefined, servedFrom: 0 };
  state.routingChanges();
  state.ruleViews.remember(arn, undefined);
  state.rules.set(arn, record);
  listener.rules.push(record);
  sortRules(listener);
  if (known) record.served = rule.actions;
  else state.spread(record);
  return record;
}

const shown = (state: LoadBalancing, rule: RuleRecord): Rule | undefined =>
  state.ruleViews.read(rule.arn, describeRule(rule));

const checkPriority = (priority: number | undefined): number => {
  if (priority === undefined || priority < 1 || priority > MAX_PRIORITY) {
    throw validationError(`Priority '${priority ?? ''}' must be a value between 1 and ${MAX_PRIORITY}`);
  }
  return priority;
};

const inUse = (priority: number): AwsError =>
  new AwsError('PriorityInUse', `Priority '${priority}' is currently in use`);

const defaultRule = (arn: string, verb: string): AwsError =>
  new AwsError('OperationNotPermitted', `Default rule '${arn}' cannot be ${verb}`);

/** Rules of listeners: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Rule.html */
export function ruleOperations(state: LoadBalancing): Operations {
  const find = (arn: string | undefined): RuleRecord => {
    const rule = state.rules.get(requireArn(arn, /:listener-rule\//, 'rule'));
    if (rule === undefined) throw ruleNotFound();
    return rule;
  };

  const ofListener = (arn: string): Rule[] => {
    const listener = state.listeners.get(arn);
    if (listener === undefined) throw listenerNotFound();
    const prefix = `${arn.replace(':listener/', ':listener-rule/')}/`;
    const ghosts = state.ruleViews
      .ghosts((rule) => state.rules.has(rule))
      .filter((rule) => rule.startsWith(prefix))
      .map((rule) => state.ruleViews.read(rule, undefined));
    const order = (rule: Rule): number => (rule.IsDefault ? Number.MAX_VALUE : Number(rule.Priority));
    return [...listener.rules.map((rule) => shown(state, rule)), ...ghosts]
      .filter((rule) => rule !== undefined)
      .sort((a, b) => order(a) - order(b));
  };

  return {
    DescribeRules(input: DescribeRulesCommandInput): Answer<DescribeRulesCommandOutput> {
      if (input.RuleArns !== undefined && input.ListenerArn !== undefined) {
        throw validationError('You cannot specify both a listener ARN and rule ARNs');
      }
      let rules: Rule[];
      if (input.RuleArns !== undefined) {
        rules = input.RuleArns.map((arn) => {
          requireArn(arn, /:listener-rule\//, 'rule');
          const rule = state.rules.get(arn);
          const view = state.ruleViews.read(arn, rule && describeRule(rule));
          if (view === undefined) throw ruleNotFound();
          return view;
        });
      } else if (input.ListenerArn !== undefined) {
        rules = ofListener(requireArn(input.ListenerArn, /:listener\//, 'listener'));
      } else {
        throw validationError('Either a listener ARN or one or more rule ARNs must be specified');
      }
      const { items, next } = page(
        rules,
        input.Marker,
        Math.min(input.PageSize ?? RULES_A_PAGE, 400),
        badMarker,
      );
      return next === undefined ? { Rules: items } : { Rules: items, NextMarker: next };
    },

    CreateRule(input: CreateRuleCommandInput): Answer<CreateRuleCommandOutput> {
      const listener = state.listeners.get(requireArn(input.ListenerArn, /:listener\//, 'listener'));
      if (listener === undefined) throw listenerNotFound();
      const priority = checkPriority(input.Priority);
      if (listener.rules.some((rule) => rule.priority === priority)) throw inUse(priority);
      const conditions = normalizeConditions(input.Conditions ?? []);
      if (conditions.length === 0) throw validationError('A condition must be specified');
      const rule = addRule(state, listener, {
        listenerArn: listener.arn,
        priority,
        conditions,
        actions: normalizeActions(input.Actions ?? [], listener.loadBalancerArn, state),
        transforms: input.Transforms ?? [],
      });
      if (input.Tags) state.tags.add(rule.arn, tagPairs(input.Tags));
      return { Rules: [describeRule(rule)] };
    },

    ModifyRule(input: ModifyRuleCommandInput): Answer<CreateRuleCommandOutput> {
      const rule = find(input.RuleArn);
      if (rule.priority === 'default') throw defaultRule(rule.arn, 'modified');
      const loadBalancer = state.listeners.get(rule.listenerArn)?.loadBalancerArn ?? '';
      const actions = input.Actions && normalizeActions(input.Actions, loadBalancer, state);
      const conditions = input.Conditions && normalizeConditions(input.Conditions);
      state.routingChanges();
      state.ruleViews.remember(rule.arn, describeRule(rule));
      if (actions) {
        rule.actions = actions;
        state.spread(rule);
      }
      rule.conditions = conditions ?? rule.conditions;
      rule.transforms = input.ResetTransforms ? [] : (input.Transforms ?? rule.transforms);
      return { Rules: [describeRule(rule)] };
    },

    DeleteRule(input: DeleteRuleCommandInput): object {
      const rule = find(input.RuleArn);
      if (rule.priority === 'default') throw defaultRule(rule.arn, 'deleted');
      state.routingChanges();
      state.ruleViews.remember(rule.arn, describeRule(rule));
      state.rules.delete(rule.arn);
      const listener = state.listeners.get(rule.listenerArn);
      if (listener) listener.rules = listener.rules.filter((other) => other !== rule);
      state.tags.forget(rule.arn);
      return {};
    },

    SetRulePriorities(input: SetRulePrioritiesCommandInput): Answer<CreateRuleCommandOutput> {
      const wanted = (input.RulePriorities ?? []).map((pair) => {
        const rule = find(pair.RuleArn);
        if (rule.priority === 'default') throw defaultRule(rule.arn, 'modified');
        return { rule, priority: checkPriority(pair.Priority) };
      });
      const moved = new Set(wanted.map(({ rule }) => rule));
      const taken = new Set<string>();
      for (const { rule, priority } of wanted) {
        const key = `${rule.listenerArn} ${priority}`;
        const others = state.listeners.get(rule.listenerArn)?.rules ?? [];
        if (taken.has(key) || others.some((other) => !moved.has(other) && other.priority === priority)) {
          throw inUse(priority);
        }
        taken.add(key);
      }
      state.routingChanges();
      for (const { rule, priority } of wanted) {
        state.ruleViews.remember(rule.arn, describeRule(rule));
        rule.priority = priority;
      }
      for (const listener of state.listeners.values()) sortRules(listener);
      return { Rules: wanted.map(({ rule }) => describeRule(rule)) };
    },
  };
}

/** AWS's list of tags as pairs. */
export const tagPairs = (
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[],
): [key: string, value: string][] => tags.map((tag) => [tag.Key ?? '', tag.Value ?? '']);
