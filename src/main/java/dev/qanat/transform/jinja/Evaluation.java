package dev.qanat.transform.jinja;

import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import jinjava.javax.el.FunctionMapper;
import jinjava.javax.el.VariableMapper;

/** What the nodes of an expression are given: the scope, and no resolver of Java's expression language. */
final class Evaluation extends ELContext {
    private final Scope scope;

    Evaluation(Scope scope) {
        this.scope = scope;
    }

    static Scope scope(ELContext context) {
        return ((Evaluation) context).scope;
    }

    @Override
    public ELResolver getELResolver() {
        throw unreachable();
    }

    @Override
    public FunctionMapper getFunctionMapper() {
        throw unreachable();
    }

    @Override
    public VariableMapper getVariableMapper() {
        throw unreachable();
    }

    /** A node that asked would reach beyond what the scope gives: no node of {@link Grammar} does. */
    private static IllegalStateException unreachable() {
        return new IllegalStateException("a template reaches nothing of Java's");
    }
}
