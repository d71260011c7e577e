package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A dbt project that was read: its enabled nodes, how they depend on each other, and their SQL. It does not change; when a file of the
 * project does, it is read anew. Threads: any number may ask and compile at once.
 */
public final class Manifest {
    private final Graph graph;
    private final Compiler compiler;

    Manifest(Graph graph, Compiler compiler) {
        this.graph = graph;
        this.compiler = compiler;
    }

    /**
     * Reads the project in the folder.
     *
     * @throws dev.qanat.failure.InputFailure for the first thing that dbt or Qanat would not take, with its file and line
     */
    public static Manifest read(Path folder, ProjectSettings settings) {
        return new ManifestReader(new ProjectFolder(folder), settings).read();
    }

    /** All nodes: sources, seeds, models and tests, each kind in the order of files. */
    public Collection<Node> nodes() {
        return graph.nodes().values();
    }

    /**
     * The nodes that dbt's {@code --select} and {@code --exclude} mean, in the order of {@link #nodes()}. A test is among them if it is
     * named, or if something that it reads is.
     *
     * @param select empty for all
     * @param exclude empty for none
     * @throws dev.qanat.failure.InputFailure {@code invalid_selection} for a text that is no selection
     */
    public List<Node> select(String select, String exclude) {
        return new Selection(graph).select(select, exclude);
    }

    /** The nodes one after the other, those that need not wait for each other side by side, also where nodes between are left out. */
    public List<List<Node>> levels(Collection<Node> nodes) {
        return graph.levels(nodes);
    }

    /** Whatever reads the node, directly or not, in the order of {@link #nodes()}. */
    public List<Node> downstream(Node node) {
        return graph.downstream(node);
    }

    /**
     * The SQL of a model or a test, with ephemeral models put in as common table expressions.
     *
     * @param existing for {@code is_incremental()}
     * @param fullRefresh whether incremental models are rebuilt, as far as they do not say otherwise
     * @throws dev.qanat.failure.InputFailure with file and line when a text cannot be rendered
     */
    public Compiled compile(Node node, ExistingRelations existing, boolean fullRefresh) {
        return compiled(node, existing, fullRefresh, Map.of());
    }

    /**
     * As {@link #compile(Node, ExistingRelations, boolean)}, for the audit of what is not published yet.
     *
     * @param standIns relations that are read in place of nodes' own, by the nodes' unique ids
     */
    public Compiled compile(Node test, ExistingRelations existing, Map<String, Relation> standIns) {
        return compiled(test, existing, false, standIns);
    }

    private Compiled compiled(Node node, ExistingRelations existing, boolean fullRefresh, Map<String, Relation> standIns) {
        try {
            return compiler.compile(node, existing, fullRefresh, standIns);
        } catch (StackOverflowError e) {
            throw new InputFailure(Code.INVALID_TEMPLATE, node.file() + ": something in it is nested too deeply", e);
        }
    }

    /** The node with dbt's unique id; it is one of the project's. */
    public Node node(String uniqueId) {
        return Objects.requireNonNull(graph.nodes().get(uniqueId), uniqueId);
    }
}
