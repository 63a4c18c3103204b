import CSystem
import Glibc

/// A saved signal mask of a thread.
struct SignalMask {
    private var before: sigset_t

    /// The signals to block.
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

    /// Adds signals to the calling thread's signal mask.
    ///
    /// - Returns: The mask before the change.
    static func block(_ signals: Signals) -> SignalMask {
        var set = signals.set
        var mask = SignalMask(before: sigset_t())
        pthread_sigmask(SIG_BLOCK, &set, &mask.before)
        return mask
    }

    /// Sets the calling thread's signal mask to this mask.
    func restore() {
        var set = before
        pthread_sigmask(SIG_SETMASK, &set, nil)
    }
}
