import Base
import Cryptography
import System

/// Prints a token for development: `issueToken --subject <text> [--email <address>] [--scope <scopes>] [--lifetime <seconds>]`.
@main
struct IssueToken {
    static func main() {
        do {
            try run(Process.arguments, environment: .current())
        } catch {
            write("issueToken: \(error.message)\n", to: .standardError)
            Process.exit(error.status)
        }
    }

    private static func run(_ arguments: [String], environment: Environment) throws(Failure) {
        if arguments.contains("--help") { return write(help, to: .standardOutput) }
        let options = try Options(arguments)
        let issuer = try issuer(from: environment)
        do throws(TokenIssuer.Failure) {
            let token = try issuer.token(
                subject: options.subject,
                email: options.email,
                scopes: options.scopes,
                lifetime: options.lifetime
            )
            write(token + "\n", to: .standardOutput)
        } catch {
            throw .usage("\(error)")
        }
    }

    private static func issuer(from environment: Environment) throws(Failure) -> TokenIssuer {
        let secret = try required("NOFX_JWT_SECRET", in: environment)
        let issuer = try required("NOFX_JWT_ISSUER", in: environment)
        let audience = try required("NOFX_JWT_AUDIENCE", in: environment)
        do throws(KeyError) {
            return try TokenIssuer(secret: Secret(secret), issuer: issuer, audience: audience)
        } catch {
            throw .configuration("NOFX_JWT_SECRET: \(error)")
        }
    }

    private static func required(_ name: String, in environment: Environment) throws(Failure) -> String {
        guard let value = environment[name] else { throw .configuration("\(name) is not set") }
        return value
    }

    private static func write(_ text: String, to output: FileDescriptor) {
        do throws(SystemError) {
            try output.write(Array(text.utf8))
        } catch {
            Process.exit(74)  // EX_IOERR
        }
    }

    private static var help: String {
        """
        Prints a token (HS256) that functions with the same environment accept. For development only.

        usage: issueToken --subject <text> [--email <address>] [--scope <scopes>] [--lifetime <seconds>]

          --subject   the user, a UUID or 1 to 255 bytes of other text
          --email     the user's address; the token says that it was verified
          --scope     what the token says it is good for, separated by spaces, such as admin:ops
          --lifetime  1 to 86400 seconds, by default 3600
          --help      prints this

        environment:
          NOFX_JWT_SECRET    at least 32 bytes
          NOFX_JWT_ISSUER    the token's iss
          NOFX_JWT_AUDIENCE  the token's aud

        exit status: 0 a token was printed, 64 wrong arguments, 74 it could not be printed, 78 wrong environment

        """
    }
}
