/**
 * What stands in a field: `text`, `number`, `boolean`, `=` with the values that AWS knows (`=tcp udp`), a list of one
 * type, or a structure.
 */
export type FieldType = string | readonly [FieldType] | Fields;

/** The members of a structure; `!` after a name says that it must be there. `*` alone: a map with keys of any name. */
export interface Fields {
  readonly [key: string]: FieldType;
}
