/** As it is in the table. */
export interface Order {
  id: string;
  customer: string;
  items: { sku: string; quantity: number; cents: number }[];
  /** Of all items. */
  cents: number;
  /** When it was placed, ISO 8601. */
  at: string;
}

/** What a customer sends; without an id the order gets a new one. */
export type NewOrder = Pick<Order, "customer" | "items"> & { id?: string };

/** What the queue carries. */
export type Booking = Omit<Order, "items">;

/** In one case only: the table tells two apart, the ledger does not. */
export const orderId = { type: "string", pattern: "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$" };

/** Without what SQS or PostgreSQL refuses. */
const text = { type: "string", maxLength: 100, pattern: "^[^\\p{Cc}\\p{Cs}\\p{Cn}]+$" };
const whole = (minimum: number, maximum: number) => ({ type: "integer", minimum, maximum });
const exactly = (properties: object, required = Object.keys(properties)) => ({
  type: "object",
  additionalProperties: false,
  properties,
  required,
});
const item = exactly({ sku: text, quantity: whole(1, 1000), cents: whole(0, 10_000_000) });
const items = { type: "array", minItems: 1, maxItems: 20, items: item };

/** JSON Schema of a new order. */
export const newOrder = exactly({ id: orderId, customer: text, items }, ["customer", "items"]);
