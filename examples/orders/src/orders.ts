import { isDeepStrictEqual } from "node:util";
import { ConditionalCheckFailedException, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocument } from "@aws-sdk/lib-dynamodb";
import type { Order } from "./order.ts";

/** Orders in a table, each with a message in a queue. Region and credentials are the SDK's. */
export class Orders {
  readonly #table = DynamoDBDocument.from(new DynamoDBClient());
  readonly #queue = new SQSClient();
  readonly #at: { TableName: string; QueueUrl: string };

  constructor(at: { TableName: string; QueueUrl: string }) {
    this.#at = at;
  }

  async get(id: string): Promise<Order | undefined> {
    const { TableName } = this.#at;
    const { Item } = await this.#table.get({ TableName, Key: { id }, ConsistentRead: true });
    return Item as Order | undefined;
  }

  /**
   * Puts an order into the table, then its booking into the queue. Whoever places it again, with its
   * id, completes what had failed; the worker books an order once.
   *
   * @returns the order in the table, and whether it is new
   * @throws an error with status 409 if another order has its id
   */
  async place(order: Order): Promise<{ order: Order; isNew: boolean }> {
    const before = await this.#put(order);
    const { items, ...booking } = before ?? order;
    const { QueueUrl } = this.#at;
    await this.#queue.send(
      new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(booking) }),
    );
    return { order: before ?? order, isNew: before === undefined };
  }

  /** The same order, if it is in the table already. */
  async #put(Item: Order): Promise<Order | undefined> {
    const { TableName } = this.#at;
    const ConditionExpression = "attribute_not_exists(id)";
    try {
      await this.#table.put({ TableName, Item, ConditionExpression });
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const before = await this.get(Item.id);
      if (before && isDeepStrictEqual({ ...before, at: Item.at }, Item)) return before;
      throw Object.assign(new Error(`${Item.id} is another order's id`), { statusCode: 409 });
    }
  }
}
