package dev.qanat.settings;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.VMOption;
import com.sun.management.VMOption.Origin;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.jboss.logging.Logger;

/**
 * Has the JVM give back what it does not need. G1 takes the whole heap in the course of time and keeps it, since it collects only when
 * it allocates; told to, it looks after some seconds of idleness as well, and shrinks the heap to a share of what is alive. Settings
 * that the operator gave the JVM stay as they are, and so does another collector.
 */
@ApplicationScoped
class ReturnedMemory {

    private static final Logger LOG = Logger.getLogger(ReturnedMemory.class);

    /**
     * Options that may be set in a running JVM: milliseconds of idleness, and the share of the heap that may stay free. With a smaller
     * share the next load begins in a heap too small for it, and collects more.
     */
    private static final Map<String, String> OPTIONS = Map.of("G1PeriodicGCInterval", "3000", "MaxHeapFreeRatio", "80");

    void starting(@Observes StartupEvent event) {
        try {
            HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
            if (jvm == null || !Boolean.parseBoolean(jvm.getVMOption("UseG1GC").getValue())) {
                return;
            }
            OPTIONS.forEach((name, value) -> {
                VMOption option = jvm.getVMOption(name);
                if (option.isWriteable() && option.getOrigin() == Origin.DEFAULT) {
                    jvm.setVMOption(name, value);
                }
            });
        } catch (RuntimeException e) {
            // Another JVM, or a native image: it knows none of these.
            LOG.debugf("The heap is left as the virtual machine sizes it: %s", e);
        }
    }
}
