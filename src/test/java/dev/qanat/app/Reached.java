package dev.qanat.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What a process has reached by a name instead of a reference, once its static part was set up: that is what a native image holds only
 * where it is told to. {@link ReachAgent} has the JDK call this; it is loaded by the boot loader and knows nothing but {@code java.base}.
 */
public final class Reached {

    private static final StackWalker FRAMES = StackWalker.getInstance();
    private static final Set<Object> SEEN = ConcurrentHashMap.newKeySet();
    private static final Set<String> LINES = ConcurrentHashMap.newKeySet();
    private static final ThreadLocal<Boolean> BUSY = new ThreadLocal<>();
    private static volatile boolean running;

    private Reached() {}

    /** From here on what is reached counts: before, a native image is built. */
    public static void start() {
        running = true;
    }

    /**
     * Notes that something was reached, with the class that asked for it. What the JDK asks of itself is left out, and so is what an
     * initializer of a class asks for, which runs while an image is built.
     *
     * @param kind {@code class}, {@code loaded}, {@code member}, {@code resource}, {@code proxy} or {@code serialized}
     * @param what told apart by its hash and its text
     */
    public static void note(String kind, Object what) {
        if (!running || BUSY.get() != null) {
            return;
        }
        // A class is loaded by its name and by references alike, and only who asked tells which.
        boolean byCaller = kind.equals("loaded");
        if (!byCaller && SEEN.contains(what)) {
            return;
        }
        BUSY.set(Boolean.TRUE);
        try {
            String[] asked = FRAMES.walk(frames -> {
                String[] found = new String[3];
                frames.forEach(frame -> {
                    String name = frame.getClassName();
                    if (frame.getMethodName().equals("<clinit>")) {
                        found[2] = name;
                    }
                    if (name.equals(Reached.class.getName()) || isReflection(name)) {
                        return;
                    }
                    found[0] = found[0] == null ? name : found[0];
                    if (found[1] == null && !isJdk(name)) {
                        found[1] = name;
                    }
                });
                return found;
            });
            String text = text(what);
            if (asked[2] != null || asked[1] == null || !kind.equals("proxy") && isJdk(asked[0]) && isJdk(text)) {
                return;
            }
            if (!byCaller) {
                SEEN.add(what);
            }
            LINES.add(kind + "\t" + text + "\t" + (byCaller ? asked[0] : asked[1]) + "\t" + asked[0]);
        } finally {
            BUSY.remove();
        }
    }

    private static String text(Object what) {
        if (what instanceof java.lang.reflect.Executable member) {
            StringBuilder text = new StringBuilder(member.getDeclaringClass().getName())
                    .append('#')
                    .append(member instanceof java.lang.reflect.Method ? member.getName() : "<init>")
                    .append('(');
            String separator = "";
            for (Class<?> parameter : member.getParameterTypes()) {
                text.append(separator).append(parameter.getTypeName());
                separator = ",";
            }
            return text.append(')').toString();
        }
        if (what instanceof java.lang.reflect.Field field) {
            return field.getDeclaringClass().getName() + "#" + field.getName();
        }
        return what instanceof Class<?> type ? type.getName() : String.valueOf(what);
    }

    private static boolean isReflection(String name) {
        return name.startsWith("java.lang.reflect.") && !name.startsWith("java.lang.reflect.Proxy$") || name.startsWith("jdk.internal.reflect.") || name.startsWith("jdk.internal.loader.")
                || name.equals("java.lang.Class") || name.equals("java.lang.ClassLoader")
                || name.equals("io.quarkus.bootstrap.runner.RunnerClassLoader");
    }

    private static boolean isJdk(String name) {
        return name.startsWith("java.") || name.startsWith("javax.") || name.startsWith("jdk.") || name.startsWith("sun.")
                || name.startsWith("com.sun.");
    }

    /** From here on nothing is noted any more. */
    public static void stop() {
        running = false;
    }

    /** Adds a line as it is. */
    public static void keep(String line) {
        LINES.add(line);
    }

    /**
     * Writes what was reached, a line each: kind, what, who asked of those that are not the JDK's, and who called, with tabs between them.
     */
    public static void write(Path file) {
        try {
            Files.write(file, new TreeSet<>(LINES));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
