import { type LogicalLine, type Piece, type Position, readLogicalLine, skipSpace } from "./logical-line.ts";
import { codePointStart, countCodePoints } from "./text.ts";

/**
 * Maps offsets in a value to places in the file. Few entries are ever asked, so lines are read again only on demand;
 * requests mostly have ascending offsets, so each search starts from the previous result.
 */
export class Placement {
  readonly #raw: string;
  readonly #line: number;
  #logical: LogicalLine | undefined;
  #valueOffset = 0;
  #lastOffset = 0;
  #lastPiece: Piece | undefined;
  #lastColumn = 0;

  /** `raw` is the entry as written, `line` the number of its first line. */
  constructor(raw: string, line: number) {
    this.#raw = raw;
    this.#line = line;
  }

  /**
   * The place of the value's character at `offset` (in UTF-16 units); larger offsets have the place of the entry's end.
   */
  at(offset: number): Position {
    const logical = this.#read();
    const inside = Math.max(0, Math.min(this.#valueOffset + offset, logical.text.length));
    const target = codePointStart(logical.text, inside);
    const piece = pieceAt(logical.pieces, target);
    if (piece === undefined) return { line: this.#line, column: 1 };
    const resumes = piece === this.#lastPiece && target >= this.#lastOffset;
    const from = resumes ? this.#lastOffset : piece.offset;
    const column = (resumes ? this.#lastColumn : piece.column) + countCodePoints(logical.text, from, target);
    this.#lastPiece = piece;
    this.#lastOffset = target;
    this.#lastColumn = column;
    return { line: piece.line, column };
  }

  #read(): LogicalLine {
    if (this.#logical === undefined) {
      this.#logical = readLogicalLine(this.#raw, 0, this.#line);
      const { text } = this.#logical;
      this.#valueOffset = skipSpace(text, text.indexOf("=") + 1, text.length);
    }
    return this.#logical;
  }
}

/** The last piece that begins at or before the offset. */
function pieceAt(pieces: readonly Piece[], offset: number): Piece | undefined {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return pieces[low];
}
