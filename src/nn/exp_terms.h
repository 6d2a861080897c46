/* exp(x) for x <= 0 as 2^n e^r, |r| <= ln 2 / 2: what the scalar and the vector form
 * share. Relative error below 2e-7. */
#ifndef NEURANK_NN_EXP_TERMS_H
#define NEURANK_NN_EXP_TERMS_H

#define EXP_LOWEST (-87.0F) /* below it the result is 0 */
#define LOG2_E 1.44269504F
#define LN2_HIGH 0.693359375F /* ln 2 in two parts */
#define LN2_LOW (-2.12194440e-4F)
/* 1.5 * 2^23: adding it rounds to an integer, which stands in the sum's last bits */
#define ROUNDING 12582912.0F
#define ROUNDING_BITS 0x4B400000

#define EXP_FIRST_TERM (1.0F / 5040)
/* p = e^r, from p = EXP_FIRST_TERM. */
#define EXP_OTHER_TERMS(p, r)                                                          \
    do {                                                                               \
        (p) = (p) * (r) + 1.0F / 720;                                                  \
        (p) = (p) * (r) + 1.0F / 120;                                                  \
        (p) = (p) * (r) + 1.0F / 24;                                                   \
        (p) = (p) * (r) + 1.0F / 6;                                                    \
        (p) = (p) * (r) + 0.5F;                                                        \
        (p) = (p) * (r) + 1.0F;                                                        \
        (p) = (p) * (r) + 1.0F;                                                        \
    } while (0)

#endif
