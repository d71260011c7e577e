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
        throw new UnsupportedOperationException();
    }

    @Override
    public FunctionMapper getFunctionMapper() {
        throw new UnsupportedOperationException();
    }

    @Override
    public VariableMapper getVariableMapper() {
        throw new UnsupportedOperationException();
    }
}
