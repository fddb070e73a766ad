import type { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Loader, Settings } from './settings.ts';

/** The DynamoDB table of checkpoints and claims: the stack's own, or that of another stack. */
export type Ledger = Table | ITable;

/** The ledger that the settings name, or a new one. */
export function ledgerOf(scope: Construct, { ledgerTable: name }: Settings, removalPolicy: RemovalPolicy): Ledger {
  return name === undefined ? newLedger(scope, removalPolicy) : Table.fromTableName(scope, 'Ledger', name);
}

/** On demand, encrypted, restorable to any second of the last 35 days. */
function newLedger(scope: Construct, removalPolicy: RemovalPolicy): Table {
  return new Table(scope, 'Ledger', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    timeToLiveAttribute: 'expiresAt',
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: removalPolicy === 'retain',
    removalPolicy,
  });
}

/** Lets a function do something with the items of its own loader, whose partition keys all begin with the label prefix, and with no others. */
export function grantItems(made: IFunction, ledger: Ledger, { environment }: Loader, ...actions: readonly `dynamodb:${string}`[]): void {
  made.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...actions],
      resources: [ledger.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': `${environment.config.load.labelPrefix}#*` } },
    }),
  );
}
