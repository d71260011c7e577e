package dev.qanat.transform.jinja;

import com.hubspot.jinjava.tree.Node;
import java.util.List;

/**
 * A text as Jinjava parsed it.
 *
 * @param start where its first line stands
 */
record Parsed(Place start, Lines lines, List<Node> nodes) {

    Place place(Node node) {
        return new Place(start.file(), start.line() - 1 + lines.of(node));
    }
}
