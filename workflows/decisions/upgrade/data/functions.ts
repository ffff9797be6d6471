export interface RemovedFunction {
  readonly name: string;
  readonly gone: number;
  /** A function of the same arguments and meaning, known to the releases before as well; null when there is none. */
  readonly instead: string | null;
  /** What to do where there is no such function. */
  readonly otherwise?: string;
}

/** Geometry functions that had a second name with ST_. */
const WITH_ST =
  'AREA ASBINARY ASTEXT ASWKB ASWKT BUFFER CENTROID CROSSES DIMENSION DISTANCE ENDPOINT ENVELOPE EXTERIORRING GEOMCOLLFROMTEXT GEOMCOLLFROMWKB GEOMETRYCOLLECTIONFROMTEXT GEOMETRYCOLLECTIONFROMWKB GEOMETRYFROMTEXT GEOMETRYFROMWKB GEOMETRYN GEOMETRYTYPE GEOMFROMTEXT GEOMFROMWKB INTERIORRINGN ISCLOSED ISEMPTY ISSIMPLE LINEFROMTEXT LINEFROMWKB LINESTRINGFROMTEXT LINESTRINGFROMWKB MLINEFROMTEXT MLINEFROMWKB MPOINTFROMTEXT MPOINTFROMWKB MPOLYFROMTEXT MPOLYFROMWKB MULTILINESTRINGFROMTEXT MULTILINESTRINGFROMWKB MULTIPOINTFROMTEXT MULTIPOINTFROMWKB MULTIPOLYGONFROMTEXT MULTIPOLYGONFROMWKB NUMGEOMETRIES NUMINTERIORRINGS NUMPOINTS POINTFROMTEXT POINTFROMWKB POINTN POLYFROMTEXT POLYFROMWKB POLYGONFROMTEXT POLYGONFROMWKB SRID STARTPOINT TOUCHES X Y';
/** And those that compared minimum bounding rectangles. */
const WITH_MBR = 'CONTAINS DISJOINT EQUALS INTERSECTS OVERLAPS WITHIN';

const AES = 'encrypt anew with AES_ENCRYPT() and AES_DECRYPT(), which cannot read what it has written';

/**
 * Functions that a later release does not have. Sources: MySQL manual, "Features Removed in MySQL 8.0", "Legacy Hashing Component"; checks
 * of MySQL Shell's upgrade checker; a test asks real servers whether each is there before and not after.
 */
export const REMOVED_FUNCTIONS: readonly RemovedFunction[] = [
  ...WITH_ST.split(' ').map((name) => ({ name, gone: 80_000, instead: `ST_${name}` })),
  ...WITH_MBR.split(' ').map((name) => ({ name, gone: 80_000, instead: `MBR${name}` })),
  { name: 'GLENGTH', gone: 80_000, instead: 'ST_LENGTH' },
  { name: 'MBREQUAL', gone: 80_000, instead: 'MBREQUALS' },
  { name: 'ENCODE', gone: 80_000, instead: null, otherwise: AES },
  { name: 'DECODE', gone: 80_000, instead: null, otherwise: AES },
  { name: 'DES_ENCRYPT', gone: 80_000, instead: null, otherwise: AES },
  { name: 'DES_DECRYPT', gone: 80_000, instead: null, otherwise: AES },
  { name: 'ENCRYPT', gone: 80_000, instead: null, otherwise: 'hash with SHA2(), or better in the application' },
  {
    name: 'PASSWORD',
    gone: 80_000,
    instead: null,
    otherwise: 'passwords are set by ALTER USER … IDENTIFIED BY; for hashes of an application use SHA2()',
  },
  {
    name: 'WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS',
    gone: 80_400,
    instead: null,
    otherwise: 'wait with WAIT_FOR_EXECUTED_GTID_SET()',
  },
  ...['MD5', 'SHA', 'SHA1'].map((name) => ({
    name,
    gone: 90_600,
    instead: null,
    otherwise: HASHING_COMPONENT(),
  })),
];

function HASHING_COMPONENT(): string {
  return "once the server runs 9.7: INSTALL COMPONENT 'file://component_classic_hashing'; better: SHA2()";
}
