import CSystem
import Glibc

/// The signals that a thread had blocked at some time.
struct SignalMask {
    private var before: sigset_t

    /// Which signals are meant.
    enum Signals {
        case all
        case these([Int32])

        var set: sigset_t {
            var set = sigset_t()
            switch self {
            case .all: sigfillset(&set)
            case .these(let numbers):
                sigemptyset(&set)
                for number in numbers { sigaddset(&set, number) }
            }
            return set
        }
    }

    /// Has the calling thread block more signals.
    ///
    /// - Returns: What it had blocked before.
    static func block(_ signals: Signals) -> SignalMask {
        var set = signals.set
        var mask = SignalMask(before: sigset_t())
        pthread_sigmask(SIG_BLOCK, &set, &mask.before)
        return mask
    }

    /// Has the calling thread block these and no others.
    func restore() {
        var set = before
        pthread_sigmask(SIG_SETMASK, &set, nil)
    }
}
