package dev.qanat.records;

import dev.qanat.pipeline.Endpoint.Entries;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What in a JSON document are records: the items of the array at a path, or the object there, or that object's members.
 *
 * @param path the names of the members that lead there from the top; empty for the top itself
 * @param members whether the members of an object are records, without their keys
 * @param entries how its members are records with their keys, where they are
 * @param noted paths to single values that are wanted as well, wherever they stand
 */
public record Selection(List<String> path, boolean members, Optional<Entries> entries, Set<List<String>> noted) {

    /**
     * A single value that was noted.
     *
     * @param text a string itself, or the JSON text of a number or a boolean
     * @param string whether it was a string
     */
    public record Noted(String text, boolean string) {}
}
