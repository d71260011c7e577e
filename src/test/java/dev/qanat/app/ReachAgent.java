package dev.qanat.app;

import static net.bytebuddy.matcher.ElementMatchers.isPublic;
import static net.bytebuddy.matcher.ElementMatchers.isStatic;
import static net.bytebuddy.matcher.ElementMatchers.named;
import static net.bytebuddy.matcher.ElementMatchers.namedOneOf;
import static net.bytebuddy.matcher.ElementMatchers.none;
import static net.bytebuddy.matcher.ElementMatchers.not;
import static net.bytebuddy.matcher.ElementMatchers.takesArgument;
import static net.bytebuddy.matcher.ElementMatchers.takesArguments;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import net.bytebuddy.agent.builder.AgentBuilder;
import net.bytebuddy.asm.Advice;
import net.bytebuddy.description.method.MethodDescription;
import net.bytebuddy.matcher.ElementMatcher;

/** A Java agent that has the JDK tell {@link Reached} of reflection, resources, proxies and serialized classes, whoever uses them. */
public final class ReachAgent {

    private ReachAgent() {}

    /** @param file where what was reached is written when the process ends */
    public static void premain(String file, Instrumentation jvm) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            Reached.stop();
            initialized(jvm);
            Reached.write(Path.of(file));
        }));
        AgentBuilder agent = new AgentBuilder.Default()
                .disableClassFormatChanges()
                .with(AgentBuilder.Listener.StreamWriting.toSystemError().withErrorsOnly())
                .with(AgentBuilder.RedefinitionStrategy.RETRANSFORMATION)
                .ignore(none());
        agent = told(agent, "java.lang.Class", named("forName").and(takesArgument(0, String.class)), ByName.class);
        agent = told(agent, "java.lang.ClassLoader", named("loadClass").and(takesArguments(String.class)), Loaded.class);
        agent = told(agent, "java.lang.ClassLoader", namedOneOf("getResource", "getResourceAsStream").and(takesArguments(String.class)).and(not(isStatic())), Resource.class);
        agent = told(agent, "java.lang.ClassLoader", named("getResources").and(takesArguments(String.class)), Resources.class);
        agent = told(agent, "java.lang.reflect.Constructor", named("newInstance"), Member.class);
        agent = told(agent, "java.lang.reflect.Method", named("invoke").and(isPublic()), Member.class);
        agent = told(agent, "java.lang.reflect.Field", namedOneOf("get", "set", "getInt", "getLong", "getBoolean").and(isPublic()), Member.class);
        agent = told(agent, "java.lang.reflect.Proxy", named("newProxyInstance").and(isPublic()), Proxied.class);
        agent = told(agent, "java.io.ObjectStreamClass", named("lookup").and(takesArguments(Class.class, boolean.class)), Serialized.class);
        agent = told(agent, "io.quarkus.runner.ApplicationImpl", named("doStart"), Started.class);
        agent.installOn(jvm);
    }

    /** Notes what classes have made for good that no image can hold: it would be the same at each start. */
    private static void initialized(Instrumentation jvm) {
        for (Class<?> type : jvm.getAllLoadedClasses()) {
            if (type.isHidden() || type.isInterface() || type.getModule().isNamed()) {
                continue;
            }
            try {
                for (Field field : type.getDeclaredFields()) {
                    if (Modifier.isStatic(field.getModifiers()) && Modifier.isFinal(field.getModifiers()) && !field.getType().isPrimitive() && field.trySetAccessible()
                            && (field.get(null) instanceof Random || field.get(null) instanceof Thread)) {
                        Reached.keep("initialized\t" + type.getName() + "\t" + field.getName());
                    }
                }
            } catch (ReflectiveOperationException | LinkageError e) {
                // A class that was never used, and names others that are not there.
            }
        }
    }

    private static AgentBuilder told(AgentBuilder agent, String type, ElementMatcher<? super MethodDescription> method, Class<?> advice) {
        return agent.type(named(type)).transform((builder, description, loader, module, domain) -> builder.visit(Advice.to(advice).on(method)));
    }

    /** Makes the agent's jars in a folder, and gives the option of the JVM that loads it. */
    static String option(Path folder, Path file) throws IOException {
        Files.createDirectories(folder);
        Path boot = folder.resolve("reached.jar");
        jar(boot, new Attributes(), List.of(Reached.class));
        Attributes attributes = new Attributes();
        attributes.put(new Attributes.Name("Premain-Class"), ReachAgent.class.getName());
        attributes.put(new Attributes.Name("Can-Retransform-Classes"), "true");
        attributes.put(new Attributes.Name("Boot-Class-Path"), boot.getFileName().toString());
        attributes.put(Attributes.Name.CLASS_PATH, Advice.class.getProtectionDomain().getCodeSource().getLocation().toString());
        Path agent = folder.resolve("agent.jar");
        List<Class<?>> classes = new ArrayList<>(Arrays.asList(ReachAgent.class.getDeclaredClasses()));
        classes.add(ReachAgent.class);
        jar(agent, attributes, classes);
        return "-javaagent:" + agent + "=" + file;
    }

    private static void jar(Path jar, Attributes attributes, List<Class<?>> classes) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putAll(attributes);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out, manifest)) {
            for (Class<?> type : classes) {
                String name = type.getName().replace('.', '/') + ".class";
                entries.putNextEntry(new JarEntry(name));
                try (var bytes = type.getClassLoader().getResourceAsStream(name)) {
                    bytes.transferTo(entries);
                }
                entries.closeEntry();
            }
        }
    }

    static final class Started {
        @Advice.OnMethodEnter
        static void entered() {
            Reached.start();
        }
    }

    static final class ByName {
        @Advice.OnMethodExit
        static void found(@Advice.Return Class<?> found) {
            Reached.note("class", found);
        }
    }

    static final class Loaded {
        @Advice.OnMethodExit
        static void found(@Advice.Argument(0) String name) {
            Reached.note("loaded", name);
        }
    }

    static final class Resource {
        @Advice.OnMethodExit
        static void found(@Advice.Argument(0) String name, @Advice.Return Object found) {
            if (found != null) {
                Reached.note("resource", name);
            }
        }
    }

    static final class Resources {
        @Advice.OnMethodExit
        static void found(@Advice.Argument(0) String name, @Advice.Return java.util.Enumeration<?> found) {
            if (found.hasMoreElements()) {
                Reached.note("resource", name);
            }
        }
    }

    static final class Member {
        @Advice.OnMethodEnter
        static void used(@Advice.This Object member) {
            Reached.note("member", member);
        }
    }

    static final class Proxied {
        @Advice.OnMethodEnter
        static void made(@Advice.Argument(1) Class<?>[] interfaces) {
            StringBuilder names = new StringBuilder();
            for (Class<?> type : interfaces) {
                names.append(names.length() == 0 ? "" : ",").append(type.getName());
            }
            Reached.note("proxy", names.toString());
        }
    }

    static final class Serialized {
        @Advice.OnMethodEnter
        static void looked(@Advice.Argument(0) Class<?> type) {
            Reached.note("serialized", type.getName() + " ");
        }
    }
}
