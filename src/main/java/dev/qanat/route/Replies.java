package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Problem;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.SQLException;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import org.jboss.logging.Logger;

/** The last step of an HTTP route: its answer, or the problem that it met. */
@ApplicationScoped
@Named("reply")
public class Replies {

    private static final Logger LOG = Logger.getLogger(Replies.class);

    /** Turns the body, a {@link Reply}, into the answer; the request's headers are not sent back. HEAD gets no body. */
    public void send(@Body Reply reply, Exchange exchange) {
        Message message = exchange.getMessage();
        boolean bodiless = reply.status() == 204 || "HEAD".equals(message.getHeader(Exchange.HTTP_METHOD));
        if (bodiless && reply.stream() != null) {
            close(reply.stream());
        }
        message.removeHeaders("*");
        message.setHeader(Exchange.HTTP_RESPONSE_CODE, reply.status());
        if (!reply.contentType().isEmpty()) {
            message.setHeader(Exchange.CONTENT_TYPE, reply.contentType());
        }
        reply.headers().forEach(message::setHeader);
        message.setBody(bodiless ? null : reply.stream() == null ? reply.body() : reply.stream());
    }

    private static void close(InputStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The answer to a request that failed; what was not foreseen goes to the log and not to the client. */
    public Reply problem(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof BadRequest bad) {
                return bad.reply();
            }
            if (cause instanceof InvalidPipeline invalid) {
                return Problem.of(invalid).reply();
            }
            if (cause instanceof SQLException sql && Failure.of(sql, "a request") instanceof TransientFailure failure) {
                LOG.warnf("A request could not be answered: %s", failure.getMessage());
                boolean away = failure.code() == Code.DATABASE_UNAVAILABLE;
                return new Problem(
                                503,
                                failure.code(),
                                away ? "the database does not answer; try again later" : "others were in the way in the database; try again")
                        .reply()
                        .withHeader("Retry-After", "5");
            }
        }
        LOG.error("A request met an error of Qanat's own", thrown);
        return new Problem(500, Code.INTERNAL_ERROR, "an error of Qanat's own; its log says more").reply();
    }
}
