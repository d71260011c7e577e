package dev.qanat.transform.jinja;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.Collection;
import java.util.List;

/** Jinjava without its functions, which nothing here calls, and each rendering would collect anew. */
final class Engine extends Jinjava {
    private final Context globals = new Globals();

    Engine(JinjavaConfig config) {
        super(config);
    }

    @Override
    public Context getGlobalContext() {
        return globals;
    }

    private static final class Globals extends Context {

        @Override
        public Collection<ELFunctionDefinition> getAllFunctions() {
            return List.of();
        }
    }
}
