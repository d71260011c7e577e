package dev.qanat.backup;

import java.util.List;

/**
 * What a backup says of itself.
 *
 * @param format the version of the file's form
 * @param takenAt the moment as of which the rows are, to the second, ISO-8601
 * @param postgres the version of the server that it was taken from
 * @param ledger the version of the ledger's tables, as Flyway writes it
 * @param home the id of the home that it was taken from
 * @param schemas those whose objects are in it
 * @param leftOut what stood there and is not in it, as it was allowed to be
 * @param tables the tables' rows, in the order of the steps; entry n of the archive is {@code rows/n}
 * @param steps what to do, in order
 */
record Manifest(
        int format,
        String takenAt,
        String postgres,
        String ledger,
        String home,
        List<String> schemas,
        List<String> leftOut,
        List<Copied> tables,
        List<Step> steps) {
    static final int FORMAT = 1;
}
